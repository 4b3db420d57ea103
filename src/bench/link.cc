#include "bench/link.h"

#include <array>
#include <cerrno>
#include <system_error>

#include <fmt/format.h>
#include <sys/socket.h>

namespace leat::bench {
namespace {

Error network_failure(std::string_view what) {
  return failure(fmt::format("{}: {}", what, std::generic_category().message(errno)));
}

}  // namespace

Result<Call> Call::open(const Target& target) {
  auto fd = connect_to(target.address);
  if (!fd.ok()) return fd.error();
  Call call(std::move(fd.value()));
  // A server that stops answering must not hold the benchmark for ever.
  const timeval limit{.tv_sec = 60, .tv_usec = 0};
  ::setsockopt(call.fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  if (!target.password.empty()) {
    auto reply = call({"AUTH", target.password});
    if (!reply.ok()) return reply.error();
  }
  return call;
}

Result<std::string> Call::operator()(const std::vector<std::string_view>& arguments) {
  std::string request;
  append_request(request, arguments);
  auto sent = send_all(request);
  if (!sent.ok()) return sent.error();
  auto reply = read_replies(1);
  if (!reply.ok()) return failure(fmt::format("{}: {}", arguments[0], reply.error().detail));
  return reply;
}

Status Call::batch(std::string_view requests, size_t count) {
  auto sent = send_all(requests);
  if (!sent.ok()) return sent;
  auto replies = read_replies(count);
  if (!replies.ok()) return replies.error();
  return Status();
}

Status Call::send_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return network_failure("send");
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return Status();
}

Result<std::string> Call::read_replies(size_t count) {
  ReplySkipper skipper;
  std::string reply;
  std::array<char, 16384> scratch{};
  for (size_t ended = 0; ended < count;) {
    const ssize_t got = ::recv(fd_.get(), scratch.data(), scratch.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return failure("the server did not answer for 60 s");
    if (got < 0) return network_failure("recv");
    if (got == 0) return failure("the server closed the connection");
    const std::string_view bytes(scratch.data(), static_cast<size_t>(got));
    ended += skipper.feed(bytes);
    if (skipper.failed()) return failure(skipper.failure());
    reply.append(bytes);
  }
  return reply;
}

Result<Link> Link::open(const Target& target) {
  auto call = Call::open(target);
  if (!call.ok()) return call.error();
  Link link(call.value().release());
  set_nonblocking(link.fd());
  return link;
}

Status Link::send(std::string_view requests) {
  if (!unsent_.empty()) {
    unsent_.append(requests);
    return Status();
  }
  const ssize_t sent = ::send(fd(), requests.data(), requests.size(), MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN && errno != EINTR) return network_failure("send");
  unsent_.append(requests.substr(sent < 0 ? 0 : static_cast<size_t>(sent)));
  return Status();
}

Status Link::send_rest() {
  const std::string rest = std::move(unsent_);
  unsent_.clear();
  return rest.empty() ? Status() : send(rest);
}

Result<size_t> Link::receive(std::span<char> scratch, bool keep) {
  const ssize_t got = ::recv(fd(), scratch.data(), scratch.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return size_t{0};
  if (got < 0) return network_failure("recv");
  if (got == 0) return failure("the server closed the connection");
  const std::string_view bytes(scratch.data(), static_cast<size_t>(got));
  const size_t ended = skipper_.feed(bytes);
  if (skipper_.failed()) return failure("the server answered " + skipper_.failure());
  if (keep) received_.append(bytes);
  return ended;
}

Result<std::vector<Link>> open_links(const Target& target, size_t count) {
  std::vector<Link> links;
  links.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    auto link = Link::open(target);
    if (!link.ok()) return link.error();
    links.push_back(std::move(link.value()));
  }
  return links;
}

}  // namespace leat::bench
