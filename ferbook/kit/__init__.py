"""What all chapters share."""
