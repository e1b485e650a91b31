"""What the words of ODRL are called in French and English, apart from actions, operators and left operands.

These are the classes, the members, the functions of parties, the kinds of policies and rules, the ways to settle a
conflict, and what ODRL 2.2 keeps of older versions. A person may meet each of them in a finding or an explanation.
The words with a meaning for judging (actions, operators, left operands) stand in vocabulary.py, with that meaning.
"""

Labels = tuple[str, str]

POLICY_TYPES: dict[str, Labels] = {
    "Policy": ("règles d’usage", "policy"),
    "Set": ("ensemble de règles", "set of rules"),
    "Offer": ("conditions proposées", "offer"),
    "Agreement": ("convention", "agreement"),
    "Request": ("demande", "request"),
    "Ticket": ("titre d’accès au porteur", "ticket"),
    "Assertion": ("déclaration de droits", "assertion"),
    "Privacy": ("règles de protection des données personnelles", "privacy policy"),
}

RULE_TYPES: dict[str, Labels] = {
    "Rule": ("règle", "rule"),
    "Permission": ("permission", "permission"),
    "Prohibition": ("interdiction", "prohibition"),
    "Duty": ("engagement", "duty"),
    "permission": ("permis", "permitted"),
    "prohibition": ("interdit", "prohibited"),
    "obligation": ("obligation", "obligation"),
    "duty": ("engagement préalable", "duty that comes first"),
    "consequence": ("engagement supplémentaire en cas de manquement", "consequence"),
    "remedy": ("réparation", "remedy"),
    "failure": ("suite d’un manquement", "failure"),
}

CONFLICT_TERMS: dict[str, Labels] = {
    "perm": ("la permission l’emporte", "the permission prevails"),
    "prohibit": ("l’interdiction l’emporte", "the prohibition prevails"),
    "invalid": ("l’ensemble est nul", "the whole is void"),
}

LOGICAL_OPERANDS: dict[str, Labels] = {
    "and": ("toutes ces conditions", "all of these"),
    "or": ("au moins une de ces conditions", "at least one of these"),
    "xone": ("exactement une de ces conditions", "exactly one of these"),
    "andSequence": ("toutes ces conditions, dans cet ordre", "all of these, in this order"),
}

PARTY_FUNCTIONS: dict[str, Labels] = {
    "assigner": ("organisme qui accorde", "assigner"),
    "assignee": ("organisme bénéficiaire", "assignee"),
    "attributedParty": ("organisme cité comme source", "attributed party"),
    "attributingParty": ("organisme qui cite la source", "attributing party"),
    "compensatedParty": ("organisme rémunéré", "compensated party"),
    "compensatingParty": ("organisme payeur", "compensating party"),
    "consentedParty": ("organisme qui reçoit l’accord", "consented party"),
    "consentingParty": ("organisme qui donne son accord", "consenting party"),
    "contractedParty": ("organisme contractant", "contracted party"),
    "contractingParty": ("organisme qui propose le contrat", "contracting party"),
    "informedParty": ("organisme informé", "informed party"),
    "informingParty": ("organisme qui informe", "informing party"),
    "trackedParty": ("organisme dont l’usage est suivi", "tracked party"),
    "trackingParty": ("organisme qui suit l’usage", "tracking party"),
}

RELATIONS: dict[str, Labels] = {
    "target": ("données concernées", "target"),
    "output": ("résultat de l’action", "output"),
    "hasPolicy": ("règles d’usage attachées", "has policy"),
    "assignerOf": ("accorde par", "assigner of"),
    "assigneeOf": ("bénéficie de", "assignee of"),
    "partOf": ("membre de", "part of"),
    "source": ("ensemble d’origine", "source"),
}

MEMBERS: dict[str, Labels] = {
    "uid": ("identifiant", "identifier"),
    "profile": ("profil", "profile"),
    "inheritFrom": ("reprend les règles de", "inherits from"),
    "conflict": ("en cas de contradiction", "conflict"),
    "relation": ("lien avec les données", "relation"),
    "function": ("rôle d’un organisme", "function"),
    "action": ("action", "action"),
    "includedIn": ("comprise dans", "included in"),
    "implies": ("suppose", "implies"),
    "refinement": ("précision", "refinement"),
    "constraint": ("condition", "constraint"),
    "operand": ("conditions combinées", "operand"),
    "leftOperand": ("ce qui est comparé", "left operand"),
    "operator": ("comparaison", "operator"),
    "rightOperand": ("valeur attendue", "right operand"),
    "rightOperandReference": ("renvoi vers la valeur attendue", "right operand reference"),
    "dataType": ("type de la valeur", "data type"),
    "unit": ("unité", "unit"),
    "status": ("état constaté", "status"),
}

CLASSES: dict[str, Labels] = {
    "Action": ("action", "action"),
    "Asset": ("données", "asset"),
    "AssetCollection": ("ensemble de données", "asset collection"),
    "Party": ("organisme", "party"),
    "PartyCollection": ("groupe d’organismes", "party collection"),
    "Constraint": ("condition", "constraint"),
    "LogicalConstraint": ("combinaison de conditions", "logical constraint"),
    "LeftOperand": ("ce qui est comparé", "left operand"),
    "Operator": ("comparaison", "operator"),
    "RightOperand": ("valeur attendue", "right operand"),
    "ConflictTerm": ("façon de régler un conflit", "conflict strategy"),
    "core": ("vocabulaire de base", "core profile"),
    "policyUsage": ("première utilisation", "use of the policy"),
}

# what ODRL 2.2 still defines and no longer recommends; neither read nor written here, only named
RETIRED: dict[str, Labels] = {
    "All": ("tous", "all"),
    "All2ndConnections": ("contacts des contacts", "all second connections"),
    "AllConnections": ("tous les contacts", "all connections"),
    "AllGroups": ("tous les groupes", "all groups"),
    "Group": ("groupe", "group"),
    "Individual": ("personne", "individual"),
    "AssetScope": ("étendue des données", "asset scope"),
    "PartyScope": ("étendue des organismes", "party scope"),
    "scope": ("étendue", "scope"),
    "UndefinedTerm": ("traitement des actions inconnues", "undefined term"),
    "undefined": ("actions inconnues", "undefined"),
    "ignore": ("ignorer les actions inconnues", "ignore undefined actions"),
    "support": ("accepter les actions inconnues", "support undefined actions"),
    "inheritAllowed": ("reprise autorisée", "inheritance allowed"),
    "inheritRelation": ("lien de reprise", "inheritance relation"),
    "payeeParty": ("organisme à payer", "payee party"),
    "proximity": ("proximité", "proximity"),
    "timedCount": ("nombre d’utilisations chronométré", "timed count"),
    "xor": ("exactement une de ces deux conditions", "one of these two"),
}

TERMS: dict[str, Labels] = {
    **RETIRED,
    **CLASSES,
    **MEMBERS,
    **RELATIONS,
    **PARTY_FUNCTIONS,
    **LOGICAL_OPERANDS,
    **CONFLICT_TERMS,
    **RULE_TYPES,
    **POLICY_TYPES,
}
