"""Pages of review: changes of the register, requests, deployments, boards."""
