// Decides with odrl-manager: node odrl_manager.js PATH < {policy, target, facts, rounds}; prints {granted, per_second}.
// Its facts come through a fetcher, which is asked anew at each decision.

const { PolicyDataFetcher, PolicyEvaluator, PolicyInstanciator } = require(process.argv[2]);

let text = "";
process.stdin.on("data", (part) => (text += part));
process.stdin.on("end", async () => {
  const { policy, target, facts, rounds } = JSON.parse(text);
  class Facts extends PolicyDataFetcher {
    async getDateTime() {
      return new Date();
    }
    async getPurpose() {
      return facts.purpose;
    }
  }
  const instanciator = new PolicyInstanciator();
  instanciator.genPolicyFrom(policy);
  const evaluator = new PolicyEvaluator();
  evaluator.setPolicy(instanciator.policy, new Facts());
  let granted = 0;
  const began = process.hrtime.bigint();
  for (let n = 0; n < rounds; n++) granted += (await evaluator.isActionPerformable("use", target)) ? 1 : 0;
  const took_s = Number(process.hrtime.bigint() - began) / 1e9;
  console.log(JSON.stringify({ granted, per_second: rounds / took_s }));
});
