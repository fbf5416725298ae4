#include "k8sentry/filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/pipeline/test_event.h"

namespace k8sentry {
namespace {

bool Admits(const FilterOptions& options, const Event& event, Now now = NowAt()) {
  auto filter = NewFilter(options);
  EXPECT_TRUE(filter.ok()) << filter.status().message();
  return filter.ok() && (*filter)->Admit(event, now);
}

Event Of(std::string_view type, std::string_view reason) {
  Event event = PodEvent("u", "1");
  event.type = type;
  event.reason = reason;
  return event;
}

TEST(Filter, ReportsAllButNormalByDefault) {
  EXPECT_TRUE(Admits({}, Of("Warning", "Killing")));
  EXPECT_TRUE(Admits({}, Of("Strange", "Killing")));
  EXPECT_TRUE(Admits({}, Of("", "Killing")));
  EXPECT_FALSE(Admits({}, Of("Normal", "Killing")));
  EXPECT_TRUE(Admits({}, Of("normal", "Killing")));
}

TEST(Filter, ReportsSevenNormalReasonsByDefault) {
  EXPECT_THAT(
      DefaultNormalReasons(),
      testing::UnorderedElementsAre(
          "NodeNotReady", "NodeHasDiskPressure", "NodeHasInsufficientMemory",
          "NodeHasInsufficientPID", "TaintManagerEviction", "Preempted", "BackOff"));
  for (const std::string& reason : DefaultNormalReasons()) {
    EXPECT_TRUE(Admits({}, Of("Normal", reason))) << reason;
  }
}

TEST(Filter, ReplacesTheDefaultWhenTypesOrReasonsAreNamed) {
  FilterOptions options;
  options.reason.include = {"Killing"};
  EXPECT_TRUE(Admits(options, Of("Normal", "Killing")));
  EXPECT_FALSE(Admits(options, Of("Warning", "BackOff")));
  options = {};
  options.type.include = {"Normal"};
  EXPECT_TRUE(Admits(options, Of("Normal", "Killing")));
  EXPECT_FALSE(Admits(options, Of("Warning", "Killing")));
}

TEST(Filter, KeepsTheDefaultWhenOnlyExcludesAreNamed) {
  FilterOptions options;
  options.reason.exclude = {"BackOff"};
  options.type.exclude = {"Odd"};
  EXPECT_FALSE(Admits(options, Of("Warning", "BackOff")));
  EXPECT_FALSE(Admits(options, Of("Normal", "Killing")));
  EXPECT_FALSE(Admits(options, Of("Odd", "Killing")));
  EXPECT_TRUE(Admits(options, Of("Warning", "Killing")));
}

TEST(Filter, LetsExcludeWinOverInclude) {
  FilterOptions options;
  options.reason = {{"A", "B"}, {"B"}};
  EXPECT_TRUE(Admits(options, Of("Warning", "A")));
  EXPECT_FALSE(Admits(options, Of("Warning", "B")));
}

TEST(Filter, ComparesTheInvolvedObjectExactly) {
  const Event event = PodEvent("u", "1");
  for (const auto& [wanted, admitted] :
       {std::pair{"shop", true}, {"Shop", false}, {"sho", false}, {"", false}}) {
    FilterOptions options;
    options.namespace_.include = {wanted};
    EXPECT_EQ(Admits(options, event), admitted) << wanted;
  }
  FilterOptions options;
  options.kind.include = {"Pod"};
  options.name.include = {"api-7fcc74b976-bwxc2"};
  EXPECT_TRUE(Admits(options, event));
  options.name.exclude = {"api-7fcc74b976-bwxc2"};
  EXPECT_FALSE(Admits(options, event));
  options.name = {};
  options.kind.exclude = {"Pod"};
  EXPECT_FALSE(Admits(options, event));
}

TEST(Filter, TakesTheNamespaceOfTheInvolvedObjectAndNotOfTheEvent) {
  Event event = PodEvent("u", "1");
  event.involved_object.namespace_ = "";
  event.namespace_ = "default";
  FilterOptions options;
  options.namespace_.exclude = {"default"};
  EXPECT_TRUE(Admits(options, event));
  options.namespace_ = {{""}, {}};
  EXPECT_TRUE(Admits(options, event));
}

TEST(Filter, LooksAtBothNamesOfTheComponent) {
  Event event = PodEvent("u", "1");
  event.reporting_component = "a";
  event.source_component = "b";
  for (const char* name : {"a", "b"}) {
    FilterOptions options;
    options.component.include = {name};
    EXPECT_TRUE(Admits(options, event));
    options.component = {{}, {name}};
    EXPECT_FALSE(Admits(options, event));
  }
  FilterOptions options;
  options.component.include = {"c"};
  EXPECT_FALSE(Admits(options, event));
}

TEST(Filter, SearchesTheMessage) {
  Event event = PodEvent("u", "1");
  event.message = "first\nOOM in container";
  FilterOptions options;
  options.message.include = "OOM|oom";
  EXPECT_TRUE(Admits(options, event));
  options.message.exclude = "in cont";
  EXPECT_FALSE(Admits(options, event));
  options.message = {.include = "^OOM", .exclude = ""};
  EXPECT_FALSE(Admits(options, event));
}

TEST(Filter, RefusesBadPatternsWithTheReason) {
  for (const PatternFilter& message :
       {PatternFilter{"(", ""}, PatternFilter{"", "("}}) {
    FilterOptions options;
    options.message = message;
    const auto filter = NewFilter(options);
    ASSERT_FALSE(filter.ok());
    EXPECT_EQ(filter.status().code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(filter.status().message(), testing::HasSubstr("missing"));
  }
}

TEST(Filter, RefusesEventsThatAreTooOld) {
  Event event = PodEvent("u", "1");
  FilterOptions options;
  options.max_age = minutes(5);
  EXPECT_TRUE(Admits(options, event, NowAt(minutes(5))));
  EXPECT_FALSE(
      Admits(options, event, NowAt(minutes(5) + std::chrono::microseconds(1))));
  EXPECT_TRUE(Admits(options, event, NowAt(-hours(5))));  // from the future
  event.first_timestamp = event.last_timestamp = std::nullopt;
  EXPECT_TRUE(Admits(options, event, NowAt(hours(5))));  // of no time
  options.max_age = -seconds(1);
  EXPECT_FALSE(NewFilter(options).ok());
}

TEST(Filter, FindsLabels) {
  Event event = PodEvent("u", "1");
  event.labels = R"({"app":"shop", "tier" : "web", "n": 1})";
  const struct {
    IncludeExclude labels;
    bool admitted;
  } kCases[] = {
      {{{"app=shop"}, {}}, true},
      {{{"app=shop", "tier=web"}, {}}, true},
      {{{"app=shop", "tier=db"}, {}}, false},
      {{{"app=sho"}, {}}, false},
      {{{"app="}, {}}, false},
      {{{"n=1"}, {}}, false},
      {{{}, {"app=shop"}}, false},
      {{{}, {"app=x"}}, true},
      {{{}, {"app=x", "tier=web"}}, false},
  };
  for (const auto& c : kCases) {
    FilterOptions options;
    options.label = c.labels;
    EXPECT_EQ(Admits(options, event), c.admitted);
  }
  event.labels = "";
  FilterOptions options;
  options.label.include = {"app=shop"};
  EXPECT_FALSE(Admits(options, event));
}

TEST(Filter, ReadsLabelsAsJson) {
  const struct {
    const char* labels;
    bool borne;
  } kCases[] = {
      {R"({"k":"v"})", true},
      {R"({})", false},
      {R"( { "a" : {"k":"v"} , "b":[1,"}",{"k":"v"}], "c":null, "k" : "v" } )", true},
      {R"({"a":{"k":"v"}})", false},
      {R"({"\u006b":"\u0076"})", true},
      {R"({"k":"v\n"})", false},
      {R"({"k":"v","k":"w"})", false},  // the last one counts
      {R"({"k":"w","k":"v"})", true},
      {R"({"k":"v","k":1})", false},
      {R"({"k":"v)", false},
      {R"({"k")", false},
      {R"({"k":)", false},
      {"{\"k\":\"v\\", false},
      {R"(["k","v"])", false},
      {R"({"\\":"x","k":"v"})", true},
  };
  for (const auto& c : kCases) {
    Event event = PodEvent("u", "1");
    event.labels = c.labels;
    FilterOptions options;
    options.label.include = {"k=v"};
    EXPECT_EQ(Admits(options, event), c.borne) << c.labels;
  }
}

TEST(Filter, ResolvesEscapesInLabels) {
  const struct {
    const char *labels, *wanted;
  } kCases[] = {
      {R"({"k":"\u00e9"})", "k=\xC3\xA9"},
      {R"({"k":"\u20AC"})", "k=\xE2\x82\xAC"},
      {R"({"k":"\ud83d\ude00"})", "k=\xF0\x9F\x98\x80"},
      {R"({"k":"\ud83d"})", "k=\xEF\xBF\xBD"},
      {R"({"k":"\ud83dx"})", "k=\xEF\xBF\xBDx"},
      {R"({"k":"\ud83d\u0041"})",
       "k=\xEF\xBF\xBD"
       "A"},
      {R"({"k":"\ude00"})", "k=\xEF\xBF\xBD"},
      {R"({"k":"\"\\\/\b\f\n\r\t"})", "k=\"\\/\b\f\n\r\t"},
      {R"({"k":"a=b"})", "k=a=b"},
  };
  for (const auto& c : kCases) {
    Event event = PodEvent("u", "1");
    event.labels = c.labels;
    FilterOptions options;
    options.label.include = {c.wanted};
    EXPECT_TRUE(Admits(options, event)) << c.labels;
  }
}

TEST(Filter, RefusesLabelsWithoutAKey) {
  for (const char* label : {"k", "=v", ""}) {
    FilterOptions options;
    options.label.include = {label};
    EXPECT_EQ(NewFilter(options).status().code(), StatusCode::kInvalidArgument)
        << label;
  }
}

}  // namespace
}  // namespace k8sentry
