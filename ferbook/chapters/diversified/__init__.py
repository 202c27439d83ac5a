"""Chapters 6 and 7: diversified ESR and MA-Net."""
