// The threads that io has beside the reactors.
#pragma once

#include <functional>
#include <string>
#include <thread>

namespace leat::io {

// A thread that takes no signals: they belong to the reactor. Of `name`, the operating system's tools show 15 characters.
[[nodiscard]] std::thread start_thread(const std::string& name, std::function<void()> run);

}  // namespace leat::io
