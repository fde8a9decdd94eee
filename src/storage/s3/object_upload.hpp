#pragma once
// Brings an object to a service over a line that may break.

#include <atomic>
#include <string>

#include "storage/s3/s3_client.hpp"

namespace bt2c::storage::s3 {

/// Sends a PUT of an object: whole, and where the line breaks under that twice in parts (multipart upload) of
/// 5 MiB, of which those that arrived stay. Unless the name is taken (412) as long as the service knows that
/// (`conditional`). Otherwise as Client::send().
Answer send_object(Client& client, const Request& put, std::atomic<bool>& conditional,
                   const std::string& action);

}  // namespace bt2c::storage::s3
