petrel_add_fuzzer(http_request petrel::http)
petrel_add_fuzzer(http_connection petrel::http)
petrel_add_fuzzer(http_response petrel::http)
