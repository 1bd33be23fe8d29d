DROP TABLE runs, run_drafts, connection_choices, bindings, agent_actions, agent_shares, agents;
