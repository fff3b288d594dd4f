petrel_add_fuzzer(turn_channel_data petrel::turn)
petrel_add_fuzzer(turn_client petrel::turn)
petrel_add_fuzzer(turn_stream petrel::turn)
petrel_add_fuzzer(turn_uri petrel::turn)
