#include <cstring>
#include <string>

#include "k8sentry/watch_decoder.h"

namespace k8sentry {
namespace {

// A pipe's writer likes to write whole items, so that every piece ends with one.
TEST(WatchDecoder, HoldsNothingOfAListWhosePiecesEndWithItems) {
  WatchDecoder decoder;
  std::size_t events = 0, most = 0;
  const auto feed = [&](std::string_view piece) {
    const std::span<char> room = decoder.Prepare(65536);
    most = std::max(most, room.size());
    std::memcpy(room.data(), piece.data(), piece.size());
    decoder.Commit(piece.size());
    for (auto batch = decoder.NextEvents(); !batch.empty();
         batch = decoder.NextEvents()) {
      events += batch.size();
    }
  };
  const std::string item =
      R"({"kind":"Event","message":")" + std::string(5000, 'x') + R"("})";
  feed(R"({"items":[)" + item);
  for (int i = 1; i < 2000; ++i) feed("," + item);  // 10 MB
  EXPECT_EQ(events, 2000u);
  EXPECT_LT(most, 1u << 20);
}

}  // namespace
}  // namespace k8sentry
