"""What the hardware tests are made of, as far as it needs no hardware."""
