"""What is to be done, durably: transactions of one device, batches of many."""
