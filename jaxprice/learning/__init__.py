"""What the network engines share: normalisation, losses, schedules, the training loop."""
