terraform {
  required_providers {
    pingone = {
      source = "pingidentity/pingone"
    }
  }
}

provider "pingone" {}

variable "environment_id" {
  type = string
}

variable "name" {
  type    = string
  default = "Edge"
}

variable "description" {
  type    = string
  default = null
}

resource "pingone_gateway" "edge" {
  environment_id = var.environment_id
  name           = var.name
  description    = var.description
  enabled        = true
  type           = "API_GATEWAY_INTEGRATION"
}

resource "pingone_gateway_credential" "edge" {
  environment_id = var.environment_id
  gateway_id     = pingone_gateway.edge.id
}

output "gateway" {
  value = pingone_gateway.edge.id
}

output "id" {
  value = pingone_gateway_credential.edge.id
}

output "credential" {
  value     = pingone_gateway_credential.edge.credential
  sensitive = true
}
