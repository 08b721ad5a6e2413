"""THE FRONT: HTTP in, HTTP out. No torch, no Ray."""
