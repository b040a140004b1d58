// What tests of several rooms need. Nothing in here is a stand-in for a part of the program.
