"""What a cluster is: slots, views, membership, messages (sans-IO), and the bus process that runs them."""
