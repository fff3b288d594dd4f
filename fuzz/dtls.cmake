petrel_add_fuzzer(dtls_packets petrel::dtls petrel_test_support)
petrel_add_fuzzer(dtls_fingerprint petrel::dtls)
petrel_add_fuzzer(dtls_records petrel::dtls)
