"""Looking into a PyTorch model while it trains; imported by emdyn.watch."""
