"""What is wrong with this node, and what to do: `pupitre doctor`, and the bundle for whoever helps.

It works when the node does not start, so it never builds one: it reads the settings, the data folder and the database
by itself, looks at addresses through `peer/probe.py`, and asks the running node only where that knows more. It changes
nothing. A check is one file of `checks/`: it declares its diagnoses, each with a cause and a remedy in French and
English, and has one function that says which of them hold.

The room stands beside `http`, `worker` and `lab`: it may use the services and everything below them, nothing but the
command line uses it, and it knows no application.
"""
