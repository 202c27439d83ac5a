"""From photographs to faces: reading, finding, aligning, landmarks."""
