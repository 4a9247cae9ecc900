#Requires -Version 5.1
<#
.SYNOPSIS
Runs regbridge as the service would: with its variables and its configuration.
.EXAMPLE
.\regbridge.ps1 check
#>
$ErrorActionPreference = 'Stop'

$Program = {{ program | powershell }}
$Configs = {{ configs | powershell }}
$Variables = Join-Path -Path $PSScriptRoot -ChildPath {{ variables_file | powershell }}

$before = $env:REGBRIDGE_CONFIGS
try {
    $env:REGBRIDGE_CONFIGS = $Configs
    & $Program --variables $Variables @args
}
finally {
    $env:REGBRIDGE_CONFIGS = $before
}
exit $LASTEXITCODE
