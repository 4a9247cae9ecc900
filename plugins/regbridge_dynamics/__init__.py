"""Plugins that speak with Microsoft Dataverse, the store behind Dynamics 365."""
