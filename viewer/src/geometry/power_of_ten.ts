/** 10ⁿ of a whole n: the number that is written so. `10 ** -5` is 0.000009999999999999999 in some browsers. */
export const powerOfTen = (n: number): number => Number(`1e${n}`);
