petrel_add_fuzzer(websocket petrel::web petrel_test_support)
