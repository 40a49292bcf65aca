"""The only interface to ODE solvers, and fixed steps with their gradients."""
