"""The namespace of Dataverse's types, actions and functions."""

NAMESPACE = "Microsoft.Dynamics.CRM."
