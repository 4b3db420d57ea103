#include "command/redaction.h"

#include <string>

#include <gtest/gtest.h>

#include "base/split_arguments.h"

namespace leat {
namespace {

std::string shown(std::string_view line) {
  std::string storage;
  Request request;
  EXPECT_TRUE(split_arguments(line, storage, request.arguments));
  std::string text;
  for (const Bytes word : shown_words(request)) {
    text += text.empty() ? "" : " ";
    text += word;
  }
  return text;
}

TEST(RedactionTest, LeavesSecretsOut) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"SET password secret", "SET password secret"},
      {"AUTH secret", "AUTH (redacted)"},
      {"auth user secret", "auth (redacted) (redacted)"},
      {"AUTH a b c", "AUTH (redacted) (redacted) (redacted)"},
      {"HELLO 3", "HELLO 3"},
      {"HELLO 3 AUTH user secret SETNAME me", "HELLO 3 AUTH (redacted) (redacted) SETNAME me"},
      {"HELLO 3 SETNAME me auth user", "HELLO 3 SETNAME me auth (redacted)"},
      {"CONFIG SET requirepass secret", "CONFIG SET requirepass (redacted)"},
      {"config set timeout 1 MASTERAUTH secret", "config set timeout 1 MASTERAUTH (redacted)"},
      {"CONFIG SET requirepass", "CONFIG SET requirepass"},
      {"CONFIG GET requirepass", "CONFIG GET requirepass"},
  };
  for (const auto& [line, expected] : cases) EXPECT_EQ(shown(line), expected);
}

}  // namespace
}  // namespace leat
