#include "core/resource.h"

namespace tidewright {

const char* ResourceName(Resource resource) {
  switch (resource) {
    case Resource::kRequests:
      return "requests";
    case Resource::kCpu:
      return "cpu";
    case Resource::kMemory:
      return "memory";
    case Resource::kNetwork:
      return "network";
  }
  return "unknown";
}

const char* ResourceUnit(Resource resource) {
  switch (resource) {
    case Resource::kRequests:
      return "RU/s";
    case Resource::kCpu:
      return "s/s";
    case Resource::kMemory:
      return "B";
    case Resource::kNetwork:
      return "B/s";
  }
  return "";
}

std::optional<Resource> ParseResource(const std::string& name) {
  for (Resource r : kAllResources) {
    if (name == ResourceName(r)) return r;
  }
  return std::nullopt;
}

}  // namespace tidewright
