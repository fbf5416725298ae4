// One connection of a LoopbackServer: bytes in, requests out, responses back. HTTP/1.1
// and HTTP/2 are its two forms.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "k8sentry/testing/loopback_server.h"
#include "testing/loopback_socket.h"

namespace k8sentry::testing::internal {

class LoopbackConnection {
 public:
  LoopbackConnection(std::unique_ptr<LoopbackSocket> socket, std::uint64_t id)
      : socket_(std::move(socket)), id_(id) {}
  virtual ~LoopbackConnection() = default;

  int fd() const { return socket_->fd(); }
  // The connection will end with RST instead of FIN.
  void Reset() { socket_->Reset(); }

  // What poll(2) is to wait for.
  virtual short interest() const = 0;
  // When Move has something to do although nothing is ready.
  virtual SteadyTime deadline() const = 0;
  // Moves bytes both ways. False: the connection is over.
  virtual bool Move(short ready, SteadyTime now) = 0;
  // The next whole request that can be answered now.
  virtual std::optional<LoopbackRequest> NextRequest() = 0;
  virtual void Answer(const LoopbackRequest& request,
                      const LoopbackResponse& response) = 0;
  // What is done to the responses that stay open.
  virtual void SendChunk(const std::string& chunk) = 0;
  virtual void EndOpen() = 0;
  // Asks the client to make its next requests on another connection.
  virtual void GoAway() = 0;
  // Writes what fits. False: the connection is over.
  virtual bool Flush(SteadyTime now) = 0;

  // What it becomes when its client turns out to speak HTTP/2; null: it stays.
  virtual std::unique_ptr<LoopbackConnection> TakeUpgrade() { return nullptr; }

 protected:
  std::unique_ptr<LoopbackSocket> socket_;
  const std::uint64_t id_;
};

// It speaks HTTP/1.1, or what its client begins with.
std::unique_ptr<LoopbackConnection> NewHttp1Connection(
    std::unique_ptr<LoopbackSocket> socket, std::uint64_t id,
    const LoopbackOptions& options);
// `input` is what was read already.
std::unique_ptr<LoopbackConnection> NewHttp2Connection(
    std::unique_ptr<LoopbackSocket> socket, std::uint64_t id,
    const LoopbackOptions& options, std::string input);

}  // namespace k8sentry::testing::internal
