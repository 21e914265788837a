// What a user has Node load before a program.
globalThis.own = 'own';
