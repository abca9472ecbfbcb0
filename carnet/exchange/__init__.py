"""What must be told or reviewed: notices due and emergency reviews, written with the act that causes them."""
