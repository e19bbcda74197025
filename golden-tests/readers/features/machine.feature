Feature: a plan reads as Terraform's own
  Scenario: machines bound their memory
    Given I have sindri_machine defined
    Then it must contain memory

  Scenario: secrets show no fingerprint
    Given I have sindri_secret defined
    Then it must not contain fingerprint
