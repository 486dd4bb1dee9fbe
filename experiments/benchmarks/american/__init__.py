"""Who prices a Bermudan max-call, and how: one small file for each peer, all with `run(problem, effort, seed)`."""
