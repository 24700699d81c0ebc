/** Something that whoever runs the command can put right. It is told in one sentence, without a stack. */
export class Mistake extends Error {}
