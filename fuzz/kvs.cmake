petrel_add_fuzzer(kvs_message petrel::kvs petrel_test_support)
petrel_add_fuzzer(kvs_answers petrel::kvs petrel_test_support)
petrel_add_fuzzer(kvs_session petrel::kvs petrel_test_support)
