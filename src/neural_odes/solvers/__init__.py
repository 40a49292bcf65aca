"""The only interface to ODE solvers, fixed steps with their gradients, and whether a solver follows the flow."""
