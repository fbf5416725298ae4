#include "base/ip_address.h"

#include <gtest/gtest.h>

namespace k8sentry::internal {
namespace {

TEST(IpAddress, IsReadAndWrittenInBothFamilies) {
  EXPECT_EQ(FormatIpAddress(*ParseIpAddress("10.1.2.3")), "10.1.2.3");
  EXPECT_EQ(FormatIpAddress(*ParseIpAddress("fe80::1")), "fe80::1");
  EXPECT_EQ(ParseIpAddress("::ffff:10.1.2.3"), ParseIpAddress("10.1.2.3"));
  for (const char* bad : {"", "10.1.2", "10.1.2.256", "1.2.3.4 ", "::g", "[::1]",
                          "fe80::1%eth0", "0x7f.0.0.1", "2130706433"}) {
    EXPECT_FALSE(ParseIpAddress(bad)) << bad;
  }
  EXPECT_FALSE(ParseIpAddress(std::string_view("1.2.3.4\0x", 9)));
}

TEST(Cidr, ContainsWhatItsPrefixSays) {
  const auto contains = [](const char* cidr, const char* address) {
    return ParseCidr(cidr)->Contains(*ParseIpAddress(address));
  };
  EXPECT_TRUE(contains("10.1.0.0/16", "10.1.255.255"));
  EXPECT_FALSE(contains("10.1.0.0/16", "10.2.0.0"));
  EXPECT_TRUE(contains("10.1.77.0/15", "10.0.0.1"));
  EXPECT_FALSE(contains("172.16.0.0/12", "172.32.0.0"));
  EXPECT_TRUE(contains("172.16.0.0/12", "172.31.255.255"));
  EXPECT_TRUE(contains("0.0.0.0/0", "255.1.2.3"));
  EXPECT_FALSE(contains("0.0.0.0/0", "::1")) << "all of IPv4 is not all of IPv6";
  EXPECT_TRUE(contains("10.1.0.0/16", "::ffff:10.1.2.3"));
  EXPECT_TRUE(contains("192.0.2.7", "192.0.2.7"));
  EXPECT_FALSE(contains("192.0.2.7", "192.0.2.8"));
  EXPECT_TRUE(contains("fd00::/8", "fdff::1"));
  EXPECT_FALSE(contains("fd00::/8", "fc00::1"));
  EXPECT_TRUE(contains("::/0", "10.0.0.1"));
}

TEST(Cidr, IsRefusedWhenItIsNone) {
  for (const char* bad : {"", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1",
                          "10.0.0.0/8 ", "10.0.0.0/8/8", "10/8", "::/129", "a/8"}) {
    const auto cidr = ParseCidr(bad);
    ASSERT_FALSE(cidr.ok()) << bad;
    EXPECT_EQ(cidr.status().code(), StatusCode::kInvalidArgument);
  }
}

TEST(IpAddress, IsGlobalWhenNothingSpecialIsAboutIt) {
  for (const char* global :
       {"1.1.1.1", "34.120.195.249", "9.255.255.255", "11.0.0.0", "172.15.255.255",
        "172.32.0.0", "192.167.0.1", "100.63.0.1", "100.128.0.1", "223.255.255.255",
        "2600:1901:0:5e8a::1", "2a00:1450::1", "64:ff9b::101:101", "::ffff:1.1.1.1"}) {
    EXPECT_TRUE(IsGlobal(*ParseIpAddress(global))) << global;
  }
  for (const char* special : {"0.0.0.0",
                              "0.1.2.3",
                              "10.0.0.1",
                              "100.64.0.1",
                              "127.0.0.1",
                              "127.255.255.255",
                              "169.254.169.254",
                              "172.16.0.1",
                              "172.31.255.255",
                              "192.0.0.1",
                              "192.0.2.1",
                              "192.88.99.1",
                              "192.168.1.1",
                              "198.18.0.1",
                              "198.19.255.255",
                              "198.51.100.1",
                              "203.0.113.1",
                              "224.0.0.1",
                              "239.1.1.1",
                              "240.0.0.1",
                              "255.255.255.255",
                              "::",
                              "::1",
                              "::127.0.0.1",
                              "::ffff:127.0.0.1",
                              "::ffff:169.254.169.254",
                              "64:ff9b::a9fe:a9fe",
                              "64:ff9b:1::1",
                              "100::1",
                              "2001::1",
                              "2001:db8::1",
                              "2002:7f00:1::1",
                              "3fff::1",
                              "fc00::1",
                              "fd00:ec2::254",
                              "fe80::1",
                              "fec0::1",
                              "ff02::1",
                              "5f00::1"}) {
    EXPECT_FALSE(IsGlobal(*ParseIpAddress(special))) << special;
  }
}

}  // namespace
}  // namespace k8sentry::internal
