#include "config/yaml_document.h"

#include <yaml-cpp/eventhandler.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <sstream>
#include <vector>

namespace k8sentry::internal {
namespace {

// Walks a document as the parser reads it, before any tree is built: aliases that refer
// to aliases ("billion laughs") would make a tree that is small and never ends.
class Bounds : public YAML::EventHandler {
 public:
  bool exceeded() const { return exceeded_; }
  const YAML::Mark& mark() const { return mark_; }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Leaf(mark, anchor);
  }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                const std::string&) override {
    Leaf(mark, anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto known = sizes_.find(anchor);
    // An anchor that is still open contains itself.
    Count(mark, known == sizes_.end() ? kMaxYamlNodes + 1 : known->second);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&,
                       YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    Open(mark, anchor);
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(mark, anchor);
  }
  void OnMapEnd() override { Close(); }

 private:
  struct Collection {
    YAML::anchor_t anchor;
    int nodes_before;
  };

  void Count(const YAML::Mark& mark, int nodes) {
    if (exceeded_) return;
    nodes_ += nodes;
    if (nodes_ > kMaxYamlNodes || open_.size() > kMaxYamlDepth) {
      exceeded_ = true;
      mark_ = mark;
    }
  }
  void Leaf(const YAML::Mark& mark, YAML::anchor_t anchor) {
    Count(mark, 1);
    if (anchor != 0) sizes_[anchor] = 1;
  }
  void Open(const YAML::Mark& mark, YAML::anchor_t anchor) {
    open_.push_back({anchor, nodes_});
    Count(mark, 1);
  }
  void Close() {
    const Collection closed = open_.back();
    open_.pop_back();
    if (closed.anchor != 0) sizes_[closed.anchor] = nodes_ - closed.nodes_before;
  }

  int nodes_ = 0;
  bool exceeded_ = false;
  YAML::Mark mark_;
  std::vector<Collection> open_;
  std::map<YAML::anchor_t, int> sizes_;
};

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

}  // namespace

Result<std::string> ReadBoundedFile(const std::string& path, std::size_t max_bytes) {
  const std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "rbe"));
  if (!file) {
    return Status(errno == ENOENT ? StatusCode::kNotFound : StatusCode::kConfiguration,
                  path + ": " + std::strerror(errno));
  }
  std::string text(max_bytes + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0) {
    return Status(StatusCode::kConfiguration, path + ": cannot be read");
  }
  if (text.size() > max_bytes) {
    return Status(StatusCode::kConfiguration,
                  path + ": is larger than " + std::to_string(max_bytes) + " bytes");
  }
  return text;
}

Result<YAML::Node> ParseYaml(const std::string& text, const std::string& path) {
  try {
    std::istringstream in(text);
    YAML::Parser parser(in);
    Bounds bounds;
    parser.HandleNextDocument(bounds);
    if (bounds.exceeded()) {
      return ErrorAt(path, bounds.mark(),
                     "nests deeper than 64 or has over 10000 nodes");
    }
    return YAML::Load(text);
  } catch (const YAML::Exception& error) {
    // `msg` is of yaml-cpp's making and quotes nothing of the file.
    return ErrorAt(path, error.mark, "is not YAML: " + error.msg);
  }
}

Status ErrorAt(const std::string& path, const YAML::Mark& mark,
               std::string_view message) {
  std::string text = path + ":";
  if (!mark.is_null()) {
    text += std::to_string(mark.line + 1) + ":" + std::to_string(mark.column + 1) + ":";
  }
  return Status(StatusCode::kConfiguration, text.append(" ").append(message));
}

}  // namespace k8sentry::internal
