"""The paths and answers of other servers whose clients may ask this one instead, over the same store."""
