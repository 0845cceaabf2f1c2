"""One file for each converter mode: builds its pipeline from plain values."""
