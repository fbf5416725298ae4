#include <gmock/gmock.h>

#include <set>

#include "k8sentry/sentry_items.h"

namespace k8sentry {
namespace {

std::string CrontabOf(std::string_view schedule) {
  const Result<MonitorConfig> config = MonitorConfigOf(schedule);
  if (!config.ok()) return "<" + config.status().message() + ">";
  return std::get<std::string>(config->schedule);
}

TEST(MonitorConfig, RewritesWhatOnlyKubernetesUnderstands) {
  const std::pair<const char*, const char*> cases[] = {
      {"0 * * * *", "0 * * * *"},
      {"  */5\t0-6  1,15 * ?", "*/5 0-6 1,15 * *"},
      {"0 0 ? * MON-FRI", "0 0 * * mon-fri"},
      {"0 0 1 JAN,jul *", "0 0 1 jan,jul *"},
      {"5/15 * * * *", "5-59/15 * * * *"},
      {"0 4 * * 2/2", "0 4 * * 2-6/2"},
      {"?/10 * * * *", "*/10 * * * *"},
      {"0 0 * * 7", "0 0 * * 7"},
      {"@midnight", "0 0 * * *"},
      {"@hourly", "@hourly"},
      {"@Daily", "@daily"},
      {"@weekly", "@weekly"},
      {"@monthly", "@monthly"},
      {"@yearly", "@yearly"},
      {"@annually", "@annually"},
  };
  for (const auto& [schedule, expected] : cases) {
    EXPECT_EQ(CrontabOf(schedule), expected) << schedule;
  }
}

TEST(MonitorConfig, RefusesWhatSentryDoesNotUnderstand) {
  for (const char* schedule : {"",
                               " ",
                               "@reboot",
                               "@every 1h",
                               "@",
                               "0 * * *",
                               "0 0 * * * *",
                               "60 * * * *",
                               "* 24 * * *",
                               "* * 0 * *",
                               "* * * 13 *",
                               "* * * * 8",
                               "*/0 * * * *",
                               "5-2 * * * *",
                               "a * * * *",
                               "* * * * mo",
                               "1,, * * * *",
                               "-1 * * * *",
                               "1- * * * *",
                               "1/ * * * *",
                               "TZ=Europe/Berlin",
                               "TZ= 0 * * * *",
                               "CRON_TZ=Local 0 * * * *",
                               "TZ=a\"b 0 * * * *",
                               "0 * * * *\n0",
                               "999999999999 * * * *"}) {
    const Result<MonitorConfig> config = MonitorConfigOf(schedule);
    ASSERT_FALSE(config.ok()) << schedule;
    EXPECT_EQ(config.status().code(), StatusCode::kInvalidArgument);
  }
  EXPECT_FALSE(MonitorConfigOf(std::string(10000, '*')).ok());
  EXPECT_FALSE(MonitorConfigOf("0 * * * *", "Local").ok());
  EXPECT_FALSE(MonitorConfigOf("0 * * * *", "Europe Berlin").ok());
}

TEST(MonitorConfig, TakesTheTimeZoneOfTheSpecBeforeThatOfTheSchedule) {
  EXPECT_EQ(MonitorConfigOf("0 * * * *")->timezone, "");
  EXPECT_EQ(MonitorConfigOf("TZ=Europe/Berlin 0 * * * *")->timezone, "Europe/Berlin");
  EXPECT_EQ(CrontabOf("CRON_TZ=Etc/GMT+1 @midnight"), "0 0 * * *");
  EXPECT_EQ(MonitorConfigOf("CRON_TZ=Etc/GMT+1 @midnight")->timezone, "Etc/GMT+1");
  EXPECT_EQ(MonitorConfigOf("TZ=Europe/Berlin 0 * * * *", "Asia/Tokyo")->timezone,
            "Asia/Tokyo");
}

TEST(MonitorSlug, NamesTheCronJob) {
  EXPECT_EQ(MonitorSlug("shop", "nightly-import"), "shop_nightly-import");
  EXPECT_EQ(MonitorSlug("", "nightly"), "nightly");
}

bool IsSlug(const std::string& slug) {
  return !slug.empty() && slug.size() <= 50 &&
         slug.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") ==
             slug.npos &&
         slug.find_first_not_of("0123456789") != slug.npos &&
         slug.find("--") == slug.npos && slug.front() != '-' && slug.back() != '-' &&
         slug.front() != '_' && slug.back() != '_';
}

TEST(MonitorSlug, IsASlugWhateverTheNamesAreAndTheirsAlone) {
  const std::string longest(52, 'a'), longer(53, 'a');
  std::string dashes(38, 'x');
  dashes += "-------------y";
  const std::pair<std::string, std::string> names[] = {
      {"a-b", "c"},
      {"a", "b-c"},
      {"a_b", "c"},
      {"a", "b_c"},
      {"a", "b.c"},
      {"a", "b--c"},
      {"A", "b-c"},
      {"", "123"},
      {"", "0123"},
      {"12", "34"},
      {"", ""},
      {"", "..."},
      {"-", "-"},
      {"shop", longest},
      {"shop", longer},
      {"shop2", longest},
      {std::string(63, 'n'), longest},
      {"\xC3\xA9", "x"},
      {"a", "b\n\"c"},
      {std::string(63, 'n'), std::string(52, '-')},
      {"", std::string(100000, '-')},
      {"", std::string(100000, 'x')},
      {"n", dashes}};
  std::set<std::string> slugs;
  for (const auto& [namespace_, name] : names) {
    const std::string slug = MonitorSlug(namespace_, name);
    EXPECT_TRUE(IsSlug(slug)) << namespace_ << " " << name << ": " << slug;
    EXPECT_TRUE(slugs.insert(slug).second) << slug;
    EXPECT_EQ(MonitorSlug(namespace_, name), slug);
  }
}

TEST(CheckInId, IsTheJobsUid) {
  EXPECT_EQ(HexId(CheckInIdOf("c607f0ff-edda-468c-8160-ef1aa6fe056e")),
            "c607f0ffedda468c8160ef1aa6fe056e");
}

TEST(CheckInId, IsNeverTheOneThatMeansTheLastRun) {
  for (const char* uid : {"", "x", "00000000-0000-0000-0000-000000000000",
                          "c607f0ff-edda-468c-8160-ef1aa6fe056", "c607f0ffxedda"}) {
    EXPECT_NE(CheckInIdOf(uid), TellingId()) << uid;
    EXPECT_EQ(CheckInIdOf(uid), CheckInIdOf(uid));
  }
  EXPECT_NE(CheckInIdOf("x"), CheckInIdOf("y"));
}

}  // namespace
}  // namespace k8sentry
