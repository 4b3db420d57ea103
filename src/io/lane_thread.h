// The threads that io has beside the reactors.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <thread>

namespace leat::io {

// Whether clients wait for what a thread does. Where reactor and thread share a processor the kernel would part it evenly,
// and the reactor would stand still while the other copies a checkpoint into the page cache; one that is behind gets a
// tenth of it (`nice` 10), and more only while the reactor leaves it free.
enum class Urgency : uint8_t { kServing, kBehind };

// A thread that takes no signals: they belong to the reactor. Of `name`, the operating system's tools show 15 characters.
[[nodiscard]] std::thread start_thread(const std::string& name, Urgency urgency,
                                       std::function<void()> run);

}  // namespace leat::io
