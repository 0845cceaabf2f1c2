"""The demonstration and laboratory: boxes in network namespaces, and a page that shows them."""
