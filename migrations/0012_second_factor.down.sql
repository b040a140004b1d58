DROP TABLE recovery_codes, second_factors;
