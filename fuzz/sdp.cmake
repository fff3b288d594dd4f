petrel_add_fuzzer(sdp_session petrel::sdp)
if(TARGET petrel::peer)
  petrel_add_fuzzer(sdp_negotiation petrel::peer)
endif()
