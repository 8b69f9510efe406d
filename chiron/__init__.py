"""Chiron: health records that a clinic network hosts itself."""
