petrel_add_fuzzer(tls_bytes petrel::tls petrel_test_support)
