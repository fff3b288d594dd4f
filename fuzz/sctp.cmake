petrel_add_fuzzer(sctp_association petrel::sctp petrel_test_support)
petrel_add_fuzzer(sctp_init_chunk petrel::sctp)
