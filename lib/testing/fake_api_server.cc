#include "k8sentry/testing/fake_api_server.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "testing/fake_api_answers.h"
#include "testing/fake_api_bodies.h"
#include "testing/fake_api_state.h"

namespace k8sentry::testing {
namespace {

using internal::ApiState;
using internal::ApiTarget;

// A real server compresses from here on, for those who ask for it.
constexpr std::size_t kGzipFromBytes = 128 << 10;

std::string TimeText() {
  return FormatTime(std::chrono::floor<std::chrono::seconds>(
      std::chrono::time_point_cast<std::chrono::microseconds>(
          std::chrono::system_clock::now())));
}

class LoopbackApiServer final : public FakeApiServer {
 public:
  LoopbackApiServer() { state_.store.Wipe(ClusterId()); }

  Status Listen(const LoopbackOptions& options) {
    auto server = NewLoopbackServer(
        [this](const LoopbackRequest& request) { return Respond(request); }, options);
    if (!server.ok()) return server.status();
    server_ = *std::move(server);
    return {};
  }

  std::string url() const override { return server_->url(); }
  LoopbackServer& loopback() override { return *server_; }

  std::uint64_t Create(std::string_view collection, std::string_view object) override {
    const std::string time = TimeText();
    return Change([&] {
      return state_.store.Create(internal::ParseApiTarget("POST", collection), object,
                                 time);
    });
  }
  std::uint64_t Update(std::string_view collection, std::string_view object) override {
    return Change([&] {
      return state_.store.Update(internal::ParseApiTarget("PUT", collection), object);
    });
  }
  std::uint64_t Delete(std::string_view collection, std::string_view name) override {
    return Change([&] {
      return state_.store.Delete(internal::ParseApiTarget("DELETE", collection), name);
    });
  }
  std::uint64_t resource_version() const override {
    const std::lock_guard lock(state_.mutex);
    return state_.store.version();
  }
  void Compact() override {
    Change([&] { return state_.store.Compact(), 0; });
  }
  void WipeStorage() override {
    Change([&] {
      ++state_.lives;
      state_.store.Wipe(ClusterId());
      return 0;
    });
    server_->ResetConnections();
  }
  void SendBookmarks() override {
    Change([&] { return ++state_.bookmarks; });
  }
  void EndWatches() override {
    Change([&] { return ++state_.ends; });
  }

  void SetToken(std::string_view token) override {
    Change([&] { return state_.token = token, 0; });
  }
  void Forbid(std::string_view path, std::string_view verb) override {
    Change([&] {
      state_.forbidden.push_back({std::string(path), std::string(verb)});
      return 0;
    });
  }
  void AllowAll() override {
    Change([&] { return state_.forbidden.clear(), 0; });
  }
  void Script(FakeFault fault) override {
    Change([&] { return faults_.push_back(std::move(fault)), 0; });
  }
  void ClearScript() override {
    Change([&] { return faults_.clear(), 0; });
  }

  std::vector<FakeApiRequest> requests() const override {
    const std::lock_guard lock(state_.mutex);
    return requests_;
  }
  int count(std::string_view verb) const override {
    const std::lock_guard lock(state_.mutex);
    return static_cast<int>(std::count_if(
        requests_.begin(), requests_.end(),
        [&](const auto& request) { return verb.empty() || request.verb == verb; }));
  }

 private:
  // Runs `change` under the mutex, and lets watches look for what is new.
  template <typename F>
  std::uint64_t Change(F change) {
    std::uint64_t result = 0;
    {
      const std::lock_guard lock(state_.mutex);
      result = static_cast<std::uint64_t>(change());
    }
    if (server_) server_->Wake();
    return result;
  }

  std::string ClusterId() const {
    return "c1a57e12-0000-4000-8000-00000000000" + std::to_string(state_.lives % 10);
  }

  LoopbackResponse Respond(const LoopbackRequest& request);
  std::optional<FakeFault> TakeFault(const ApiTarget& target);

  ApiState state_;
  // Under its mutex as well.
  std::vector<FakeFault> faults_;
  std::vector<FakeApiRequest> requests_;
  // Last: its thread, which uses the rest, ends first.
  std::unique_ptr<LoopbackServer> server_;
};

std::optional<FakeFault> LoopbackApiServer::TakeFault(const ApiTarget& target) {
  for (auto fault = faults_.begin(); fault != faults_.end(); ++fault) {
    if ((!fault->verb.empty() && fault->verb != target.verb) ||
        !target.path.starts_with(fault->path)) {
      continue;
    }
    if (fault->skip > 0) {
      --fault->skip;
      return std::nullopt;
    }
    FakeFault taken = *fault;
    if (fault->times != FakeFault::kAlways && --fault->times <= 0) faults_.erase(fault);
    return taken;
  }
  return std::nullopt;
}

// What `fault` makes of a response.
void Spoil(const FakeFault& fault, LoopbackResponse& response) {
  if (fault.status != 0) {
    response = {.status = fault.status, .body = fault.body};
  }
  response.never_answer = fault.no_answer;
  response.stop_reading = fault.stop_reading;
  if (fault.gzip || fault.gzip_bomb_bytes > 0) {
    response.headers.push_back({"Content-Encoding", "gzip"});
  }
  if (fault.gzip_bomb_bytes > 0) {
    response.body = internal::GzipBomb(fault.gzip_bomb_bytes, response.body);
  }
  response.headers.insert(response.headers.end(), fault.headers.begin(),
                          fault.headers.end());
  if (!response.stream) {
    response.stream = internal::NewTextBody(std::exchange(response.body, ""));
  }
  response.stream = internal::NewFaultyBody(std::move(response.stream), fault);
}

LoopbackResponse LoopbackApiServer::Respond(const LoopbackRequest& request) {
  const ApiTarget target = internal::ParseApiTarget(request.method, request.target);
  const std::string time = TimeText();
  bool changed = false;
  LoopbackResponse response;
  {
    const std::lock_guard lock(state_.mutex);
    const std::optional<FakeFault> fault = TakeFault(target);
    const std::uint64_t before = state_.store.version();
    if (!fault || (fault->status == 0 && !fault->no_answer)) {
      response =
          ApiAnswer(state_, target, request, std::chrono::steady_clock::now(), time);
    }
    if (fault) {
      Spoil(*fault, response);
    } else if (target.verb == "list" && response.body.size() >= kGzipFromBytes &&
               request.header("Accept-Encoding").find("gzip") != std::string::npos) {
      response.body = internal::Gzip(response.body);
      response.headers.push_back({"Content-Encoding", "gzip"});
    }
    changed = state_.store.version() != before;
    requests_.push_back({target.verb, target.path, target.query,
                         response.never_answer ? 0 : response.status, request});
  }
  if (changed) server_->Wake();
  return response;
}

}  // namespace

std::string FakeApiRequest::parameter(std::string_view name) const {
  return internal::QueryParameter(query, name);
}

Result<std::unique_ptr<FakeApiServer>> NewFakeApiServer(
    const LoopbackOptions& options) {
  auto server = std::make_unique<LoopbackApiServer>();
  if (Status status = server->Listen(options); !status.ok()) return status;
  return std::unique_ptr<FakeApiServer>(std::move(server));
}

}  // namespace k8sentry::testing
