// The null server: the least a RESP server can do. One thread, plain epoll, reads what is there,
// finds the ends of the requests, answers +OK to each, and does nothing else. What it needs per
// request is the floor that network and kernel set for any server of this kind on this machine.
#pragma once

#include "bench/failure.h"
#include "bench/socket.h"

namespace leat::bench {

// Serves connections of `listener` until the process is stopped. Returns only when it cannot.
Status run_null_server(const Fd& listener);

}  // namespace leat::bench
