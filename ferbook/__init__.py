"""The machinery of the book: training, recorded runs, ledger, pages."""
