"""One module a trainer; a class is made when it is asked for, so that nobody imports a trainer that he does not use."""
