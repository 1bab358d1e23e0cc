"""What several test folders share: a cluster, a gateway, a client."""
