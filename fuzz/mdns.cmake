petrel_add_fuzzer(mdns_message petrel::mdns)
petrel_add_fuzzer(mdns_node petrel::mdns petrel_test_support)
